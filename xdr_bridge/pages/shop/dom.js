// Make and find elements. Whatever comes from outside goes in as text, never as markup.
(function (window, shop) {
  'use strict';

  var document = window.document;

  // attributes: 'class' and 'onclick' are properties, because IE 8 knows no other way.
  shop.element = function (name, attributes, children) {
    var element = document.createElement(name);
    var key;
    for (key in attributes) {
      if (key === 'class') {
        element.className = attributes[key];
      } else if (key === 'onclick') {
        element.onclick = attributes[key];
      } else {
        element.setAttribute(key, attributes[key]);
      }
    }
    shop.append(element, children);
    return element;
  };

  // children: nodes and strings; null and undefined leave no trace.
  shop.append = function (element, children) {
    var index;
    var child;
    for (index = 0; children && index < children.length; index += 1) {
      child = children[index];
      if (typeof child === 'string') {
        element.appendChild(document.createTextNode(child));
      } else if (child) {
        element.appendChild(child);
      }
    }
  };

  shop.fill = function (element, children) {
    while (element.firstChild) {
      element.removeChild(element.firstChild);
    }
    shop.append(element, children);
  };

  shop.find = function (id) {
    return document.getElementById(id);
  };

  shop.setting = function (name) {
    return document.body.getAttribute('data-' + name);
  };
}(window, shop));
