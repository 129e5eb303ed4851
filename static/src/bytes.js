// Bytes without typed arrays: a "byte string" holds one byte per character.

// What may be one character in UTF-8, and each byte that stands alone.
var UTF8_SEQUENCE = /[\xC2-\xDF][\x80-\xBF]|[\xE0-\xEF][\x80-\xBF]{2}|[\xF0-\xF4][\x80-\xBF]{3}|[\x80-\xFF]/g;

// Encoding: "UTF-8 decode without BOM". The browser decodes what is well-formed. Otherwise each sequence for itself; one
// that is malformed becomes U+FFFD (the standard counts some of them as two or three). `position` is given for one sequence.
export function decodeUtf8(bytes, position) {
  try {
    return decodeURIComponent(escape(bytes));
  } catch (malformed) {
    return position === undefined ? bytes.replace(UTF8_SEQUENCE, decodeUtf8) : '\uFFFD';
  }
}

// The text that `text` holds in base64: of x-user-defined bytes, by which pages read binary data (Encoding), or of UTF-8
// without its byte order mark. Null for what is no base64.
export function decodeBase64(text, binary) {
  var digits = text.replace(/=/g, '');
  var out = [];
  var i, code, bits;
  if (text.length % 4 || !/^[\w+\/]*={0,2}$/.test(text)) {
    return null;
  }
  for (i = 0; i < digits.length; i++) {
    code = digits.charCodeAt(i);
    bits = bits << 6 | (code > 96 ? code - 71 : code > 64 ? code - 65 : code > 47 ? code + 4 : code > 46 ? 63 : 62);
    // The second digit completes a byte, so do the third and the fourth.
    if (i % 4) {
      code = bits >> 6 - i % 4 * 2 & 255;
      out.push(String.fromCharCode(binary && code > 127 ? code + 0xF700 : code));
    }
  }
  // Joined once: an engine without ropes is quadratic otherwise.
  text = out.join('');
  return binary ? text : decodeUtf8(text).replace(/^\uFEFF/, '');
}
