// Exceptions with the names and codes that the standards give them, since old engines have no DOMException.

var CODES = { InvalidStateError: 11, SyntaxError: 12, InvalidAccessError: 15, SecurityError: 18, NotSupportedError: 9 };

export function domException(name, message) {
  var error = new Error(message);
  error.name = name;
  error.code = CODES[name];
  return error;
}
