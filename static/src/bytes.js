// Bytes without typed arrays: a "byte string" holds one byte per character.

// Encoding: what the UTF-8 decoder takes for one sequence, whole or broken off where it stops being one.
var UTF8_SEQUENCE = new RegExp('[\xC2-\xDF][\x80-\xBF]?|' +
  '(?:\xE0[\xA0-\xBF]|\xED[\x80-\x9F]|[\xE1-\xEC\xEE\xEF][\x80-\xBF])[\x80-\xBF]?|' +
  '(?:\xF0[\x90-\xBF]|\xF4[\x80-\x8F]|[\xF1-\xF3][\x80-\xBF])[\x80-\xBF]{0,2}|[\x80-\xFF]', 'g');

function digit(code) {
  return code > 96 ? code - 71 : code > 64 ? code - 65 : code > 47 ? code + 4 : code > 46 ? 63 : 62;
}

// The byte string, with `high` added to bytes above 0x7F (Encoding: x-user-defined); null for what is no base64.
export function decodeBase64(text, high) {
  var out = [];
  var i, bits;
  function shown(octet) {
    return octet > 127 ? octet + high : octet;
  }
  if (text.length % 4 || !/^[\w+\/]*={0,2}$/.test(text)) {
    return null;
  }
  for (i = 0; i < text.length; i += 4) {
    // "=" counts as some digit; its bits are cut off below.
    bits = digit(text.charCodeAt(i)) << 18 | digit(text.charCodeAt(i + 1)) << 12 |
      digit(text.charCodeAt(i + 2)) << 6 | digit(text.charCodeAt(i + 3));
    // One piece for four digits, joined once: an engine without ropes is quadratic otherwise.
    out.push(String.fromCharCode(shown(bits >> 16), shown(bits >> 8 & 255), shown(bits & 255)));
  }
  return out.join('').substring(0, text.replace(/=/g, '').length * 3 >> 2);
}

// Encoding: "UTF-8 decode without BOM". The browser decodes what is well-formed; of the rest, each malformed
// sequence becomes U+FFFD. `position` is given for a single sequence.
export function decodeUtf8(bytes, position) {
  try {
    return decodeURIComponent(escape(bytes));
  } catch (malformed) {
    return position === undefined ? bytes.replace(UTF8_SEQUENCE, decodeUtf8) : '\uFFFD';
  }
}
