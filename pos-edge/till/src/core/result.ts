// Results without ceremony.
import type { Problem, ProblemCode, Result } from './types';

export function ok<T>(value: T): Result<T> {
  return { ok: true, value };
}

export function no(code: ProblemCode, detail: string): { readonly ok: false; readonly problem: Problem } {
  return { ok: false, problem: { code, detail } };
}

/** What an exception says, for a `detail`. */
export function said(error: unknown): string {
  return error instanceof Error ? `${error.name}: ${error.message}` : String(error);
}
