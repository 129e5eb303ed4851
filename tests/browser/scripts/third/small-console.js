// What pages bring where there is no console.
if (!window.console) {
  window.console = { log: function () {} };
}
