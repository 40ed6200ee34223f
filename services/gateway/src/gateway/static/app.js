// Updates the running refresh on the dashboard; the page works without it.
(() => {
  const place = document.getElementById("live");
  if (!place) return;
  const renew = async () => {
    let wait = 15000;
    try {
      const response = await fetch("/ui/live", { credentials: "same-origin" });
      if (response.status === 401) { location.reload(); return; }
      if (response.ok) {
        const text = await response.text();
        const focused = place.contains(document.activeElement);
        if (!focused && text !== place.dataset.shown) { place.innerHTML = text; place.dataset.shown = text; }
        if (place.querySelector("[data-running]")) wait = 1500;
      }
    } catch { wait = 5000; }
    setTimeout(renew, wait);
  };
  setTimeout(renew, 1000);
})();
