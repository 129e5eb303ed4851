// The scenario that a library has to pass, in any browser: results go into the document, one line each.
var list = document.getElementById('results');

function show(name, value) {
  var item = document.createElement('li');
  item.id = name;
  item.appendChild(document.createTextNode(value));
  list.appendChild(item);
}

function outcome(name) {
  return function (first, textStatus, last) {
    // done(data, textStatus, xhr), fail(xhr, textStatus, error)
    var xhr = textStatus === 'success' || textStatus === 'nocontent' ? last : first;
    show(name, xhr.status + '|' + textStatus + '|' + xhr.statusText + '|' + xhr.responseText + '|' +
      xhr.getResponseHeader('X-Total-Count') + '|' + xhr.getResponseHeader('Server'));
  };
}

// One after the other, since some change what others count.
var calls = [
  ['get', {url: api + '/notes?per_page=1', dataType: 'json'}],
  ['put', {
    url: api + '/notes/3', type: 'PUT', contentType: 'application/json', headers: {'X-Request-Id': '42'},
    data: '{"title":"K\u00e4se \ud83d\ude00","text":"","pinned":false}'
  }],
  ['invalid', {url: api + '/notes', type: 'POST', contentType: 'application/json', data: '{"title":""}'}],
  ['delete', {url: api + '/notes/5', type: 'DELETE'}],
  ['missing', {url: api + '/notes/999'}],
  ['refused', {url: api + '/notes', type: 'PURGE'}]
];

function askNext() {
  var call = calls.shift();
  if (call) {
    jQuery.ajax(call[1]).then(outcome(call[0]), outcome(call[0])).always(askNext);
  }
}

askNext();
