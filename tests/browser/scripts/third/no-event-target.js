// Internet Explorer 9 has none; the wrapper looks for it.
delete window.EventTarget;
