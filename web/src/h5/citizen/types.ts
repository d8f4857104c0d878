import type { components } from '@/api/schema';

type Schemas = components['schemas'];
export type Portal = Schemas['PortalView'];
export type Suggestion = Schemas['PortalSuggestionView'];
export type Followed = Schemas['FollowedView'];
export type Shown = Schemas['PortalCaseView'];
export type Component = Schemas['PortalComponentView'];
export type Reported = Schemas['PortalReportedView'];
