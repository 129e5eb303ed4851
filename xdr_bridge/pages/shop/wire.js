// Show each call as a card: what was asked, sent, received, answered and seen, and how long it took.
(function (window, shop) {
  'use strict';

  var CARDS_KEPT = 40;

  var element = shop.element;
  var block = shop.block;
  var cards = shop.find('cards');
  var opened = null;

  function milliseconds(number) {
    return (number < 10 ? number.toFixed(1) : String(Math.round(number))) + '\u00a0ms';
  }

  function blocks(parts) {
    var made = [];
    var index;
    for (index = 0; parts && index < parts.length; index += 1) {
      made.push(block(parts[index].label, parts[index].pieces));
    }
    return made;
  }

  function caption(text) {
    return element('p', {'class': 'caption'}, [text]);
  }

  function quoted(text) {
    return '\'' + text.replace(/\\/g, '\\\\').replace(/'/g, '\\\'').replace(/\n/g, '\\n') + '\'';
  }

  function askedPieces(call) {
    var asked = call.asked;
    var pieces = [['', 'xhr.open('], ['method', quoted(asked.method)], ['', ',\n  '],
      ['target', quoted(call.url)], ['', ');\n']];
    var index;
    for (index = 0; index < asked.headers.length; index += 1) {
      pieces.push(['', 'xhr.setRequestHeader(\n  '], ['name', quoted(asked.headers[index][0])],
        ['', ',\n  '], ['value', quoted(asked.headers[index][1])], ['', ');\n']);
    }
    pieces.push(['', 'xhr.send(']);
    if (asked.body !== null) {
      pieces.push(['', '\n  '], ['body', quoted(asked.body)]);
    }
    pieces.push(['', ');']);
    return pieces;
  }

  function seenPieces(seen) {
    var pieces = [['version', 'status '], ['status', (seen.status + ' ' + seen.statusText)], ['', '\n']];
    var lines = shop.plain(seen.headers).split('\n');
    var index;
    var colon;
    if (!seen.status) {
      return [['version', 'status '], ['failure', '0'], ['', '\n'], ['reason', 'A network error, without a reason.']];
    }
    for (index = 0; index < lines.length; index += 1) {
      colon = lines[index].indexOf(':');
      if (colon > 0) {
        pieces.push(['name', lines[index].slice(0, colon)], ['', ':'],
          ['value', lines[index].slice(colon + 1)], ['', '\n']);
      }
    }
    pieces.push(['', '\n'], ['body', seen.body]);
    return pieces;
  }

  function wireRequest(call) {
    var made = [];
    if (call.preflight) {
      made.push(caption('First the browser asks (preflight)'));
      made = made.concat(blocks(call.preflight.request));
    }
    if (call.exchange) {
      if (call.preflight) {
        made.push(caption('Then the request'));
      }
      made = made.concat(blocks(call.exchange.request));
    }
    return made;
  }

  function wireAnswer(call) {
    var made = [];
    if (call.preflight) {
      made.push(caption('To the preflight, the bridge itself'));
      made = made.concat(blocks(call.preflight.answer));
    }
    if (call.exchange) {
      if (call.preflight) {
        made.push(caption('To the request'));
      }
      made = made.concat(blocks(call.exchange.answer));
    }
    return made;
  }

  function wireNames(call) {
    var exchange = call.exchange;
    if (exchange && exchange.tunnelled) {
      return {request: 'tunnel request, ' + exchange.form, answer: 'frame'};
    }
    return {request: 'native CORS', answer: 'native CORS'};
  }

  function cell(name, number, title, note, content) {
    return element('div', {'class': 'cell ' + name, 'data-test': name}, [
      element('h4', {}, [
        element('span', {'class': 'number'}, [number]), title,
        note ? element('span', {'class': 'note'}, [note]) : null
      ])
    ].concat(content));
  }

  function never(text) {
    return [element('p', {'class': 'never'}, [text])];
  }

  shop.reasonOf = function (call) {
    var exchange = call.exchange || call.preflight;
    return exchange && exchange.reason;
  };

  function grid(call) {
    var names = wireNames(call);
    var exchange = call.exchange;
    var received = exchange ? blocks(exchange.received) : [];
    var answered = exchange ? blocks(exchange.api_answer) : [];
    return element('div', {'class': 'grid'}, [
      cell('asked', '1', 'The page asks', '', [block('program', askedPieces(call))]),
      cell('wire-request', '2', 'Over the wire', names.request, wireRequest(call)),
      cell('received', '3', 'The API receives', '', 
        received.length ? received : never(exchange || call.preflight ? 'The call never left the bridge.' : '')),
      cell('api-answer', '4', 'The API answers', '', 
        answered.length ? answered : never(exchange || call.preflight ? 'It was not asked.' : '')),
      cell('wire-answer', '5', 'Back over the wire', names.answer, wireAnswer(call)),
      cell('seen', '6', 'The page sees', '', [block('program', seenPieces(call.seen))])
    ]);
  }

  // The legs add up to what the page measured; the bridge's clock may stop a moment after the page's.
  function legsOf(call) {
    var total = call.seen.milliseconds;
    var legs = call.exchange ? call.exchange.legs : {bridge_ms: 0, api_ms: 0};
    var api = Math.min(total, legs.api_ms);
    var bridge = legs.bridge_ms + (call.preflight ? call.preflight.legs.bridge_ms : 0);
    bridge = Math.min(total - api, bridge);
    return [
      {name: 'page \u2194 bridge', kind: 'page', time: total - bridge - api},
      {name: 'bridge', kind: 'bridge', time: bridge},
      {name: 'API', kind: 'api', time: api}
    ];
  }

  function timing(call) {
    var legs = legsOf(call);
    var bar = element('div', {'class': 'bar'});
    var key = element('p', {'class': 'key'});
    var total = legs[0].time + legs[1].time + legs[2].time || 1;
    var index;
    var part;
    for (index = 0; index < legs.length; index += 1) {
      part = element('span', {'class': 'leg ' + legs[index].kind}, ['\u00a0']);
      part.style.width = (100 * legs[index].time / total) + '%';
      bar.appendChild(part);
      shop.append(key, [element('span', {'class': 'dot ' + legs[index].kind}, ['\u00a0']),
        legs[index].name + ' ', element('b', {}, [milliseconds(legs[index].time)]), ' ']);
    }
    return element('div', {'class': 'timing', 'data-test': 'timing'}, [bar, key]);
  }

  function stateOf(call) {
    if (!call.seen) {
      return 'pending';
    }
    return call.seen.status ? 'done' : 'failed';
  }

  function tone(call) {
    if (!call.seen) {
      return 'pending';
    }
    return call.seen.status >= 200 && call.seen.status < 400 ? 'good' : 'bad';
  }

  function header(call) {
    var seen = call.seen;
    return element('a', {
      'href': '#', 'class': 'summary', 'data-test': 'card-summary',
      'aria-expanded': opened === call ? 'true' : 'false',
      'onclick': function () {
        opened = opened === call ? null : call;
        renderAll();
        call.card.firstChild.focus();
        return false;
      }
    }, [
      element('span', {'class': 'verb'}, [call.asked.method]),
      element('span', {'class': 'path'}, [call.asked.target]),
      element('span', {'class': 'result ' + tone(call)}, [
        seen ? seen.status ? seen.status + ' ' + seen.statusText : 'network error' : 'under way'
      ]),
      element('span', {'class': 'time'}, [seen ? milliseconds(seen.milliseconds) : ''])
    ]);
  }

  function render(call) {
    var isOpen = opened === call;
    call.card.className = 'card' + (isOpen ? ' open' : '');
    call.card.setAttribute('data-state', stateOf(call));
    call.card.setAttribute('data-joined', call.exchange || call.preflight ? 'yes' : 'no');
    call.card.setAttribute('data-form', call.exchange ? call.exchange.form : '');
    shop.fill(call.card, [
      header(call),
      isOpen && call.seen ? timing(call) : null,
      isOpen && call.seen ? grid(call) : null
    ]);
  }

  var shown = [];

  function renderAll() {
    var index;
    for (index = 0; index < shown.length; index += 1) {
      render(shown[index]);
    }
  }

  shop.wire = {
    add: function (call) {
      call.card = element('div', {'data-test': 'call-card'});
      opened = call;
      shown.unshift(call);
      if (shown.length > CARDS_KEPT) {
        cards.removeChild(shown.pop().card);
      }
      cards.insertBefore(call.card, cards.firstChild);
      renderAll();
    },
    update: function (call) {
      render(call);
      if (call.onjoined && (call.exchange || call.preflight)) {
        call.onjoined();
      }
    }
  };
}(window, shop));
