/**
 * Which language the page speaks: the person's choice, kept on the device. Until
 * somebody chose, the device's own. What cannot be kept (private windows) holds
 * until the next reload.
 */
import { computed, effect, signal } from '@preact/signals';
import { en, type Words } from './en';
import { km } from './km';

export type Language = 'en' | 'km';

const KEPT_AS = 'till.language';

function first(): Language {
  try {
    const kept = localStorage.getItem(KEPT_AS);
    if (kept === 'en' || kept === 'km') return kept;
  } catch {
    return 'en';
  }
  return navigator.languages.some((tag) => tag.toLowerCase().startsWith('km')) ? 'km' : 'en';
}

const chosen = signal<Language>(first());

export const language = computed(() => chosen.value);

/** All that the page says, in the language chosen. */
export const words = computed<Words>(() => (chosen.value === 'km' ? km : en));

export function speak(tag: Language): void {
  chosen.value = tag;
  try {
    localStorage.setItem(KEPT_AS, tag);
  } catch {
    return;
  }
}

effect(() => {
  document.documentElement.lang = chosen.value;
  document.title = words.value.app.name;
});
