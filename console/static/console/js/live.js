// Parts of a page that follow by themselves rest while nobody looks, and catch up when somebody does.

document.addEventListener("htmx:before:request", (event) => {
  if (document.hidden) event.preventDefault();
});

document.addEventListener("visibilitychange", () => {
  if (!document.hidden) document.body.dispatchEvent(new Event("wake"));
});
