/** Finding names by what people type: without case and without accents, all words anywhere. */
const ACCENTS = /[\u0300-\u036f]/g;

/** `Café Latte` → `cafe latte`. Khmer signs are letters and stay. */
export function plain(text: string): string {
  return text.normalize('NFD').replace(ACCENTS, '').normalize('NFC').toLowerCase();
}

/** Whether a plain name has every word of a plain question. */
export function finds(question: string): (plainName: string) => boolean {
  const parts = question.split(/\s+/).filter(Boolean);
  return (plainName) => parts.every((part) => plainName.includes(part));
}
