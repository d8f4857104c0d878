import type { components } from '@/api/schema';

type Schemas = components['schemas'];
export type WhoAmI = Schemas['WhoAmIView'];
export type CaseView = Schemas['CaseView'];
export type CaseRow = Schemas['CaseListView'];
export type TaskRow = Schemas['TaskListView'];
export type Action = Schemas['ActionView'];
export type FileView = Schemas['AttachmentView'];
