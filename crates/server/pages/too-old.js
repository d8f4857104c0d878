// Only browsers without modules run this: they cannot show the console.
document.getElementById('too-old').hidden = false;
