// Where the third origin is: the API without its bridge, under another host name than the page's.
var third = direct.replace('127.0.0.1', 'localhost') + '/third';
var own = '/third';
var bridge = api + '/third';
