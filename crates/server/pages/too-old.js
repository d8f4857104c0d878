// Every browser runs this, in words that the oldest understand. It asks for what came with the oldest that the pages are built for
// (`target` in web/vite.config.ts): throwIfAborted with Chrome 100 and Safari 15.4, findLast with Firefox 104.
if (!(window.AbortSignal && AbortSignal.prototype.throwIfAborted && Array.prototype.findLast)) {
  document.getElementById('too-old').hidden = false;
}
