// Runs before the first paint, so that a dark page never flashes white. A file of its own because
// the content security policy allows no inline script. The key is Mantine's own.
(function () {
  var stored = null;
  try {
    stored = window.localStorage.getItem("mantine-color-scheme-value");
  } catch (error) {
    // Storage can be forbidden; the system's preference then decides.
  }
  var dark =
    stored === "dark" ||
    (stored !== "light" && window.matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.setAttribute("data-mantine-color-scheme", dark ? "dark" : "light");
})();
