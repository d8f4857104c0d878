import { defineAsyncComponent, type AsyncComponentLoader, type Component } from 'vue';
import LostPage from './ui/LostPage.vue';

/** A page that is fetched when it is wanted, and says so when it does not come. */
export const fetched = (loader: AsyncComponentLoader): Component => defineAsyncComponent({ loader, errorComponent: LostPage });
