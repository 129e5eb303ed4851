// FormData for text fields and forms, for browsers without it: an opt-in of its own, to be loaded after xdr-bridge.js.
//
// There are no files: such a browser gives a script no way to read one, and one in a form is refused, not skipped.

var root = window;

// HTML: "multipart/form-data encoding algorithm".
function escapeName(name) {
  return normalise(name).replace(/\r\n/g, '%0D%0A').replace(/"/g, '%22');
}

function normalise(text) {
  return text.replace(/\r\n?|\n/g, '\r\n');
}

function isSubmitted(control) {
  return control.name && !control.disabled && !/^(submit|button|reset|image)$/i.test(control.type) &&
    (!/^(checkbox|radio)$/i.test(control.type) || control.checked);
}

// Support: IE 5 - 8
// The value of an option without that attribute is empty there, and not its text; the attribute exists, unspecified.
function valueOf(option) {
  var attribute = option.attributes.value;
  return !attribute || attribute.specified ? option.value : option.text;
}

function appendControl(data, control) {
  var i;
  if (/^file$/i.test(control.type)) {
    if (control.value) {
      throw new TypeError('FormData: this browser cannot read the file in "' + control.name + '".');
    }
    return;
  }
  if (!/^select/i.test(control.type)) {
    data.append(control.name, control.value);
    return;
  }
  for (i = 0; i < control.options.length; i++) {
    if (control.options[i].selected && !control.options[i].disabled) {
      data.append(control.name, valueOf(control.options[i]));
    }
  }
}

function FormData(form) {
  var i;
  this._fields = [];
  this._boundary = '----xdr-bridge-' + Math.random().toString(36).substring(2) + Math.random().toString(36).substring(2);
  this.contentType = 'multipart/form-data; boundary=' + this._boundary;
  for (i = 0; form && i < form.elements.length; i++) {
    if (isSubmitted(form.elements[i])) {
      appendControl(this, form.elements[i]);
    }
  }
}

FormData.prototype.append = function (name, value) {
  this._fields.push([String(name), String(value)]);
};

FormData.prototype.toString = function () {
  var text = '';
  var i;
  for (i = 0; i < this._fields.length; i++) {
    text += '--' + this._boundary + '\r\nContent-Disposition: form-data; name="' + escapeName(this._fields[i][0]) + '"\r\n\r\n' +
      normalise(this._fields[i][1]) + '\r\n';
  }
  return text + '--' + this._boundary + '--\r\n';
};

// send() of the polyfill learns what to do with one; also for calls to the page's own origin.
function teach(methods) {
  var send = methods.send;
  methods.send = function (body) {
    if (body instanceof FormData) {
      this.setRequestHeader('Content-Type', body.contentType);
    }
    return send.call(this, body instanceof FormData ? String(body) : body);
  };
}

if (!root.FormData) {
  root.FormData = FormData;
  if (root.XMLHttpRequest && root.XMLHttpRequest.uninstall) {
    teach(root.XMLHttpRequest.prototype);
  }
}
