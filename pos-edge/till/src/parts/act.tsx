/**
 * Acts of people: one at a time per place, with what was refused written beside it.
 * A second tap while the first is under way does nothing.
 */
import { useSignal, type ReadonlySignal } from '@preact/signals';
import type { ComponentChildren } from 'preact';
import type { Problem, Result } from '../core';
import { words } from '../i18n/language';

export interface Act {
  readonly busy: ReadonlySignal<boolean>;
  readonly problem: ReadonlySignal<Problem | null>;
  /** Answers what came of it, or `null` if it was refused or one is under way. */
  run<T>(act: () => Result<T> | Promise<Result<T>>): Promise<{ value: T } | null>;
  clear(): void;
}

export function useAct(): Act {
  const busy = useSignal(false);
  const problem = useSignal<Problem | null>(null);
  return {
    busy,
    problem,
    async run(act) {
      if (busy.peek()) return null;
      busy.value = true;
      problem.value = null;
      try {
        const result = await act();
        if (result.ok) return { value: result.value };
        problem.value = result.problem;
        return null;
      } finally {
        busy.value = false;
      }
    },
    clear() {
      problem.value = null;
    },
  };
}

/** What a problem is, in the language chosen. */
export function told(problem: Problem): string {
  const known: Record<string, string> = words.value.problems;
  return known[problem.code] ?? words.value.unknownProblem(problem.code);
}

/** That the store box or its line is away is no fault of anybody: it is said calmly. */
const CALM: ReadonlySet<string> = new Set(['edge_unreachable', 'khqr_needs_edge', 'khqr_needs_line', 'khqr_answer_missing']);

/** What was refused, told to readers when it appears. */
export function Refused({ problem }: { problem: Problem | null }) {
  return (
    <div role="status" class="live" data-testid="problem">
      {problem && (
        <p class={CALM.has(problem.code) ? 'said' : 'said refused'} data-code={problem.code}>
          {told(problem)}
        </p>
      )}
    </div>
  );
}

/** A quiet sentence. */
export function Said({ children, testId }: { children: ComponentChildren; testId?: string }) {
  return (
    <p class="said" data-testid={testId}>
      {children}
    </p>
  );
}
