// Server-sent events from a stream of bytes (WHATWG HTML, 9.2.6), without what the
// edge does not send: `EventSource` cannot send the token that the edge asks for.
//
// Pure: chunks go in, events come out, however the network cut them.

export interface ServerEvent {
  readonly event: string;
  readonly data: string;
  /** The last id that was told, of this event or of an earlier one. */
  readonly id: string;
}

export interface EventReader {
  /** The events that are complete now. */
  take(text: string): ServerEvent[];
}

export function createEventReader(): EventReader {
  let rest = '';
  let event = '';
  let id = '';
  let data: string[] = [];

  function line(text: string, done: ServerEvent[]): void {
    if (text === '') {
      if (data.length > 0) done.push({ event: event || 'message', data: data.join('\n'), id });
      event = '';
      data = [];
      return;
    }
    const colon = text.indexOf(':');
    // A comment: the sign of life.
    if (colon === 0) return;
    const field = colon < 0 ? text : text.slice(0, colon);
    const value = colon < 0 ? '' : text.slice(colon + 1).replace(/^ /, '');
    if (field === 'event') event = value;
    else if (field === 'data') data.push(value);
    else if (field === 'id' && !value.includes('\0')) id = value;
  }

  return {
    take(text) {
      rest += text;
      const done: ServerEvent[] = [];
      for (;;) {
        const end = /\r\n|\n|\r(?!$)/.exec(rest);
        if (!end) return done;
        line(rest.slice(0, end.index), done);
        rest = rest.slice(end.index + end[0].length);
      }
    },
  };
}
