export interface View {
  element: HTMLElement;
  // At each change of the live picture and each half second; `all`: after a change of theme or clock too.
  update: (all: boolean) => void;
  go?: (rest: string) => void;
  close?: () => void;
}
