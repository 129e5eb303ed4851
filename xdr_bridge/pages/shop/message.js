// Show one marked message: its pieces coloured, what nobody needs at first kept back.
(function (shop) {
  'use strict';

  var BODY_SHOWN_CHARACTERS = 150;

  var element = shop.element;

  function thousands(number) {
    return String(number).replace(/(\d)(?=(\d{3})+$)/g, '$1,');
  }

  function toggle(label, pre, className) {
    return element('button', {
      'type': 'button', 'class': 'more',
      'onclick': function () {
        pre.className = pre.className.replace(className, '');
        this.parentNode.removeChild(this);
      }
    }, [label]);
  }

  // A message as the page shows it: IE doubles the line breaks of a pre otherwise, and no font shows the DEL of a frame (Wire
  // 5.1).
  shop.plain = function (text) {
    return text.replace(/\r\n/g, '\n').replace(/\x7f/g, '[DEL]');
  };

  function count(pieces, kind) {
    var found = 0;
    var index;
    for (index = 0; index < pieces.length; index += 1) {
      found += pieces[index][0] === kind ? 1 : 0;
    }
    return found;
  }

  // The empty line after a head, where there is nothing behind it, only takes room.
  function withoutLastBreaks(pieces) {
    var kept = pieces.slice(0);
    while (kept.length && /^[\r\n]*$/.test(kept[kept.length - 1][1])) {
      kept.pop();
    }
    return kept;
  }

  function longBody(pre, text) {
    shop.append(pre, [
      element('span', {'class': 'body'}, [text.slice(0, BODY_SHOWN_CHARACTERS)]),
      element('span', {'class': 'rest body'}, [text.slice(BODY_SHOWN_CHARACTERS)]),
      element('span', {'class': 'ellipsis'}, ['\u2026 ']),
      toggle('all ' + thousands(text.length) + ' characters', pre, 'brief')
    ]);
  }

  // Pieces are [kind, text]. What every browser and server adds, and the rest of a long body, are
  // kept back behind buttons.
  shop.block = function (label, marked) {
    var pre = element('pre', {'class': 'message terse brief'});
    var pieces = withoutLastBreaks(marked);
    var minor = count(pieces, 'minor');
    var usual = minor ? toggle('+ ' + minor + (minor === 1 ? ' usual header' : ' usual headers'), pre, 'terse') : null;
    var before = '';
    var index;
    var kind;
    var text;
    for (index = 0; index < pieces.length; index += 1) {
      kind = pieces[index][0];
      text = shop.plain(pieces[index][1]);
      if (usual && kind === '' && text === '\n' && before.slice(-1) === '\n') {
        shop.append(pre, [usual, '\n']);
        usual = null;
      }
      before = text;
      if (kind === 'body' && text.length > BODY_SHOWN_CHARACTERS * 1.5) {
        longBody(pre, text);
      } else {
        shop.append(pre, [kind ? element('span', {'class': kind}, [text]) : text]);
      }
    }
    if (usual) {
      shop.append(pre, [before.slice(-1) === '\n' ? '' : '\n', usual]);
    }
    return element('div', {'class': 'block ' + label}, [pre]);
  };
}(shop));
