import { createApp } from 'vue';
import App from './App.vue';
import { followLook } from './look';
import { outbox } from './outbox/outbox';
import '../shared/tokens.css';
import './h5.css';

void followLook().then(() => {
  createApp(App).mount('#app');
  void outbox.open();
  // What is kept for opening without network; nothing depends on it.
  if ('serviceWorker' in navigator) navigator.serviceWorker.register('/m/sw.js', { scope: '/m' }).catch(() => {});
});
