// The notes: an ordinary page that knows nothing of the bridge but its address.
(function (window, shop) {
  'use strict';

  var PER_PAGE = 5;
  var JSON_TYPE = [['Content-Type', 'application/json']];

  var element = shop.element;
  var find = shop.find;
  var state = {q: '', page: 1, total: 0, notes: [], edited: null};

  function describeStatus() {
    var before = shop.before;
    var isInstalled = window.XMLHttpRequest !== before.request;
    var title = 'Nothing works here.';
    var text = 'This browser cannot call another origin, and the script is not installed.';
    if (before.hasCors && !isInstalled) {
      title = 'Native CORS.';
      text = 'The script looked, found it, and installed nothing. The bridge answers the preflights.';
    } else if (isInstalled) {
      title = 'XDomainRequest only: GET or POST, no headers, no status.';
      text = 'The script makes XMLHttpRequest whole again.';
    }
    shop.fill(find('status'), [
      element('b', {}, [title]), ' ' + text,
      element('span', {'class': 'facts'}, [
        before.documentMode ? fact('document mode', String(before.documentMode)) : null,
        fact('XDomainRequest', before.hasXDomainRequest ? 'yes' : 'no'),
        fact('native CORS', before.hasCors ? 'yes' : 'no'),
        fact('script', isInstalled ? 'installed' : 'stood aside')
      ])
    ]);
    find('status').setAttribute('data-installed', isInstalled ? 'yes' : 'no');
  }

  function fact(name, value) {
    return element('span', {'class': 'fact'}, [name + ' ', element('b', {}, [value])]);
  }

  function problemOf(seen) {
    try {
      return window.JSON.parse(seen.body);
    } catch (error) {
      return {detail: seen.body};
    }
  }

  function problemText(seen) {
    var problem = problemOf(seen);
    var text = problem.detail || '';
    var name;
    for (name in problem.errors) {
      text += ': ' + name + ' ' + problem.errors[name].join(', ');
    }
    return text;
  }

  function tell(call, seen, text) {
    var outcome = find('outcome');
    outcome.className = 'outcome ' + (seen.status && seen.status < 400 ? 'good' : 'bad');
    outcome.setAttribute('data-state', seen.status ? 'done' : 'failed');
    shop.fill(outcome, [
      element('b', {}, [seen.status ? seen.status + ' ' + seen.statusText : 'Network error']), ' ' + text
    ]);
    if (!seen.status) {
      // Only the journal knows why: a page is told no reasons.
      call.onjoined = function () {
        var reason = shop.reasonOf(call);
        if (reason) {
          call.onjoined = null;
          shop.append(outcome, ['The bridge refused: ' + reason.sentence + ' (' + reason.code + ')']);
        }
      };
    }
  }

  // received(seen, request) is called for answers below 400; all others are told to the user.
  function send(method, target, fields, received, refused) {
    var call = shop.call({
      method: method, target: target,
      headers: fields ? JSON_TYPE : [],
      body: fields ? window.JSON.stringify(fields) : null
    }, function (seen, request) {
      if (seen.status && seen.status < 400) {
        received(seen, request);
        return;
      }
      window.setTimeout(function () {
        if (!refused || !refused(seen)) {
          tell(call, seen, seen.status ? problemText(seen) : '');
        }
      }, 0);
    });
    return call;
  }

  function load() {
    var target = '/notes?per_page=' + PER_PAGE + '&page=' + state.page;
    if (state.q) {
      target += '&q=' + encodeURIComponent(state.q);
    }
    send('GET', target, null, function (seen, request) {
      state.total = Number(request.getResponseHeader('X-Total-Count'));
      state.notes = window.JSON.parse(seen.body);
      showNotes();
    });
  }

  function link(label, test, action) {
    return element('button', {'type': 'button', 'class': 'link', 'data-test': test, 'onclick': action}, [label]);
  }

  function noteElement(note) {
    return element('div', {
      'class': 'note' + (note.pinned ? ' pinned' : ''), 'data-test': 'note', 'data-note-id': note.id
    }, [
      element('div', {'class': 'actions'}, [
        link(note.pinned ? 'unpin' : 'pin', 'pin', function () { pin(note); }),
        link('edit', 'edit', function () { edit(note); }),
        link('delete', 'delete', function () { remove(note); })
      ]),
      element('b', {'class': 'title', 'data-test': 'note-title'}, [note.title]),
      element('p', {'data-test': 'note-text'}, [note.text])
    ]);
  }

  function showNotes() {
    var pages = Math.max(1, Math.ceil(state.total / PER_PAGE));
    var made = [];
    var index;
    for (index = 0; index < state.notes.length; index += 1) {
      made.push(noteElement(state.notes[index]));
    }
    if (!made.length) {
      made.push(element('p', {'class': 'empty'}, ['No notes.']));
    }
    shop.fill(find('notes'), made);
    find('notes').setAttribute('data-state', 'done');
    shop.fill(find('total'), [String(state.total)]);
    shop.fill(find('position'), ['page ' + state.page + ' of ' + pages]);
    find('previous').disabled = state.page <= 1;
    find('next').disabled = state.page >= pages;
  }

  function indexOf(note) {
    var index;
    for (index = 0; index < state.notes.length; index += 1) {
      if (state.notes[index].id === note.id) {
        return index;
      }
    }
    return -1;
  }

  function replace(note) {
    var index = indexOf(note);
    if (index >= 0) {
      state.notes[index] = note;
    }
    showNotes();
  }

  function pin(note) {
    send('PATCH', '/notes/' + note.id, {pinned: !note.pinned}, function (seen) {
      replace(window.JSON.parse(seen.body));
    });
  }

  function remove(note) {
    send('DELETE', '/notes/' + note.id, null, function () {
      var index = indexOf(note);
      state.total -= 1;
      if (index >= 0) {
        state.notes.splice(index, 1);
      }
      if (state.edited && state.edited.id === note.id) {
        edit(null);
      }
      if (!state.notes.length && state.total) {
        state.page = Math.max(1, state.page - 1);
        load();
      } else {
        showNotes();
      }
    });
  }

  function edit(note) {
    state.edited = note;
    shop.fill(find('editor-heading'), [note ? 'Change note ' + note.id : 'New note']);
    shop.fill(find('save'), [note ? 'Save' : 'Create']);
    find('editor').className = note ? 'editor editing' : 'editor';
    find('title').value = note ? note.title : '';
    find('text').value = note ? note.text : '';
    showErrors({});
  }

  function showErrors(errors) {
    shop.fill(find('title-error'), [errors.title ? 'The title ' + errors.title.join(', ') + '.' : '']);
    shop.fill(find('text-error'), [errors.text ? 'The text ' + errors.text.join(', ') + '.' : '']);
  }

  function save() {
    var note = state.edited;
    var fields = {title: find('title').value, text: find('text').value};
    function saved(seen) {
      var answer = window.JSON.parse(seen.body);
      edit(null);
      if (note) {
        replace(answer);
      } else {
        state.total += 1;
        state.notes = [answer].concat(state.notes).slice(0, PER_PAGE);
        showNotes();
      }
    }
    function refused(seen) {
      var errors = seen.status === 422 && problemOf(seen).errors;
      showErrors(errors || {});
      return !!errors;
    }
    if (note) {
      fields.pinned = note.pinned;
    }
    send(note ? 'PUT' : 'POST', note ? '/notes/' + note.id : '/notes', fields, saved, refused);
  }

  function turn(step) {
    return function () {
      state.page += step;
      load();
    };
  }

  // The method, target, headers and body of each; what the API makes of it is what is to be seen.
  var experiments = [
    ['invalid', 'Title too long', '422', 'POST', '/notes', JSON_TYPE,
      '{"title":"' + new Array(82).join('x') + '"}'],
    ['missing', 'Note gone', '404', 'GET', '/notes/999999', [], null],
    ['count', 'Count only', 'HEAD', 'HEAD', '/notes?q=e', [], null],
    ['header', 'Own header', 'X-Request-Id', 'GET', '/notes/1', [['X-Request-Id', 'demo-42']], null],
    ['untyped', 'Not JSON', '415', 'POST', '/notes', [['Content-Type', 'text/plain']], 'buy milk'],
    ['refused', 'Against the policy', 'refused', 'PURGE', '/notes', [], null]
  ];

  function run(experiment) {
    return function () {
      var call = shop.call({
        method: experiment[3], target: experiment[4], headers: experiment[5], body: experiment[6]
      }, function (seen, request) {
        window.setTimeout(function () {
          var count = seen.status === 200 && request.getResponseHeader('X-Total-Count');
          var text = seen.status >= 400 ? problemText(seen) : '';
          tell(call, seen, count ? 'X-Total-Count: ' + count : text);
        }, 0);
      });
    };
  }

  function start() {
    var index;
    describeStatus();
    for (index = 0; index < experiments.length; index += 1) {
      find('experiments').appendChild(element('button', {
        'type': 'button', 'data-test': 'try-' + experiments[index][0], 'onclick': run(experiments[index])
      }, [experiments[index][1], ' ', element('span', {'class': 'hint'}, [experiments[index][2]])]));
    }
    find('search').onsubmit = function () {
      state.q = find('q').value;
      state.page = 1;
      load();
      return false;
    };
    find('editor').onsubmit = function () {
      save();
      return false;
    };
    find('cancel').onclick = function () { edit(null); };
    find('previous').onclick = turn(-1);
    find('next').onclick = turn(1);
    load();
  }

  start();
}(window, shop));
