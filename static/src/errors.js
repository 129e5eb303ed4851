// Exceptions with the names and codes that the standards give them, since old engines have no DOMException.

export function domException(name, code, message) {
  var error = new Error(message);
  error.name = name + 'Error';
  error.code = code;
  return error;
}
