// Exceptions as Internet Explorer throws them: an Error with a signed `number`.

import { Error } from './private.js';

function ieError(number, message) {
  const error = new Error(message);
  error.number = number;
  error.description = message;
  return error;
}

export const argumentNotOptional = () => ieError(-2146827839, 'Argument not optional.');
export const invalidArgument = () => ieError(-2147024809, 'Invalid argument.');
export const accessDenied = () => ieError(-2147024891, 'Access is denied.');
export const unspecified = () => ieError(-2147467259, 'Unspecified error.');
export const aborted = () => ieError(-2147467260, 'Operation aborted');
export const notYetAvailable = () => ieError(-2147483638, 'The data necessary to complete this operation is not yet available.');
export const noSuchObject = () => ieError(-2146827859, 'Automation server can\'t create object');
export const unsupportedMember = () => ieError(-2146827850, 'Object doesn\'t support this property or method');
