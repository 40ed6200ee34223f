// A login link contains its code in the fragment, which the browser does not send to the server.
(() => {
  const code = location.hash.slice(1);
  if (!code) return;
  history.replaceState(null, "", location.pathname);
  document.getElementById("token").value = decodeURIComponent(code);
  document.getElementById("login").submit();
})();
