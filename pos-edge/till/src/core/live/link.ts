// Whether the edge is reached, as every call and the stream find out.
//
// Guarantees: one call that is heard makes it reachable, one that is not makes it
// unreachable; `since` is the moment of the change. Who needs to act on a change is
// told once for each.
import type { Clock } from '../clock';
import type { State } from '../state';

export interface Link {
  heard(heard: boolean): void;
  onBack(act: () => void): void;
  onLost(act: () => void): void;
}

export function createLink(state: State, clock: Clock): Link {
  const back: (() => void)[] = [];
  const lost: (() => void)[] = [];
  return {
    heard(heard) {
      if (state.edgeLink.value.reachable === heard) return;
      state.edgeLink.value = { reachable: heard, since: clock.now() };
      for (const act of heard ? back : lost) act();
    },
    onBack: (act) => void back.push(act),
    onLost: (act) => void lost.push(act),
  };
}
