// A login link carries its code in the fragment, which never leaves the browser by itself.
(() => {
  const code = location.hash.slice(1);
  if (!code) return;
  history.replaceState(null, "", location.pathname);
  document.getElementById("token").value = decodeURIComponent(code);
  document.getElementById("login").submit();
})();
