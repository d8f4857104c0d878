import { QueryClient, VueQueryPlugin } from '@tanstack/vue-query';
import { createPinia } from 'pinia';
import { createApp } from 'vue';
import { AppError } from '@/api/client';
import App from '@/App.vue';
import { i18n } from '@/i18n';
import { router } from '@/router';
import { followLost } from '@/shared/lost';
import { followPrefs } from '@/shared/prefs';
import './shared/tokens.css';
import './shared/app.css';
import './shared/desk.css';

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 30_000,
      refetchOnWindowFocus: false,
      // What the server has refused it will refuse again; a lost connection may come back.
      retry: (count, error) => count < 2 && error instanceof AppError && (error.status === 0 || error.status === 503),
    },
  },
});

followLost(router);
void followPrefs().then(() => {
  createApp(App).use(VueQueryPlugin, { queryClient: queries }).use(createPinia()).use(i18n).use(router).mount('#app');
});
