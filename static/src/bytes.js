// Bytes without typed arrays: by x-user-defined (Encoding), as pages read binary data, one byte per character.

// The bytes that `text` holds in base64; padding may stand wherever the bridge had to pause. Null for what is no base64.
export function decodeBase64(text) {
  var out = [];
  var i, code, bits;
  if (text.length % 4 || /[^\w+\/=]/.test(text)) {
    return null;
  }
  for (i = 0; i < text.length; i++) {
    code = text.charCodeAt(i);
    bits = bits << 6 | (code > 96 ? code - 71 : code > 64 ? code - 65 : code > 47 ? code + 4 : code > 46 ? 63 : 62);
    // The second digit completes a byte, so do the third and the fourth.
    if (i % 4 && code !== 61) {
      code = bits >> 6 - i % 4 * 2 & 255;
      out.push(String.fromCharCode(code > 127 ? code + 0xF700 : code));
    }
  }
  // Joined once: an engine without ropes is quadratic otherwise.
  return out.join('');
}
