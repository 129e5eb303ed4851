// Bytes without typed arrays: a "byte string" holds one byte per character.

var DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/';
var BASE64 = /^[A-Za-z0-9+\/]*={0,2}$/;
var CHUNK = 4096;

// Gathers code units: one string operation per chunk, since an engine without ropes is quadratic otherwise.
function Characters() {
  this.pieces = [];
  this.codes = [];
}

Characters.prototype.flush = function () {
  this.pieces.push(String.fromCharCode.apply(null, this.codes));
  this.codes = [];
};

Characters.prototype.add = function (point) {
  if (point > 0xFFFF) {
    this.codes.push(0xD800 + ((point - 0x10000) >> 10), 0xDC00 + ((point - 0x10000) & 0x3FF));
  } else {
    this.codes.push(point);
  }
  if (this.codes.length >= CHUNK) {
    this.flush();
  }
};

Characters.prototype.text = function () {
  this.flush();
  return this.pieces.join('');
};

// The byte string, or null for what is no base64.
export function decodeBase64(text) {
  var values = {};
  var out = new Characters();
  var i, bits;
  if (text.length % 4 || !BASE64.test(text)) {
    return null;
  }
  for (i = 0; i < 64; i++) {
    values[DIGITS.charAt(i)] = i;
  }
  values['='] = 0;
  for (i = 0; i < text.length; i += 4) {
    bits = values[text.charAt(i)] << 18 | values[text.charAt(i + 1)] << 12 |
      values[text.charAt(i + 2)] << 6 | values[text.charAt(i + 3)];
    out.add(bits >> 16);
    if (text.charAt(i + 2) !== '=') {
      out.add(bits >> 8 & 0xFF);
    }
    if (text.charAt(i + 3) !== '=') {
      out.add(bits & 0xFF);
    }
  }
  return out.text();
}

// Encoding: the UTF-8 decoder's lead bytes, as [continuation bytes, first bits, lowest and highest next byte].
function leadByte(octet) {
  if (octet >= 0xC2 && octet <= 0xDF) {
    return [1, octet & 0x1F, 0x80, 0xBF];
  }
  if (octet >= 0xE0 && octet <= 0xEF) {
    return [2, octet & 0xF, octet === 0xE0 ? 0xA0 : 0x80, octet === 0xED ? 0x9F : 0xBF];
  }
  if (octet >= 0xF0 && octet <= 0xF4) {
    return [3, octet & 7, octet === 0xF0 ? 0x90 : 0x80, octet === 0xF4 ? 0x8F : 0xBF];
  }
  return [0, 0xFFFD];
}

// Encoding: "UTF-8 decode": a leading byte order mark goes, each malformed sequence becomes U+FFFD.
export function decodeUtf8(bytes) {
  var out = new Characters();
  var needed = 0;
  var i, octet, lead, point;
  for (i = bytes.substring(0, 3) === '\xEF\xBB\xBF' ? 3 : 0; i < bytes.length; i++) {
    octet = bytes.charCodeAt(i);
    if (!needed && octet < 0x80) {
      out.add(octet);
    } else if (!needed) {
      lead = leadByte(octet);
      needed = lead[0];
      point = lead[1];
      if (!needed) {
        out.add(point);
      }
    } else if (octet < lead[2] || octet > lead[3]) {
      needed = 0;
      out.add(0xFFFD);
      i--;
    } else {
      lead = [0, 0, 0x80, 0xBF];
      point = point << 6 | octet & 0x3F;
      needed--;
      if (!needed) {
        out.add(point);
      }
    }
  }
  if (needed) {
    out.add(0xFFFD);
  }
  return out.text();
}

// Encoding: x-user-defined, by which pages read binary data as text.
export function decodeUserDefined(bytes) {
  return bytes.replace(/[^\x00-\x7F]/g, function (character) {
    return String.fromCharCode(0xF700 + character.charCodeAt(0));
  });
}
