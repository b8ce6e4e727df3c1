import { describe, expect, it } from 'vitest';
import { createEventReader } from './events';

const TEXT = ': sign of life\n\nevent: sync_changed\nid: 12.3\ndata: {"a":1}\n\nid: 13.3\r\nevent:sale_captured\r\ndata: one\r\ndata: two\r\n\r\ndata: last\n\nevent: unfinished\ndata: x\n';
const EVENTS = [
  { event: 'sync_changed', id: '12.3', data: '{"a":1}' },
  { event: 'sale_captured', id: '13.3', data: 'one\ntwo' },
  { event: 'message', id: '13.3', data: 'last' },
];

describe('reading server-sent events', () => {
  it('takes whole events and leaves the rest', () => {
    expect(createEventReader().take(TEXT)).toEqual(EVENTS);
  });

  it('does not care how the network cuts them', () => {
    for (let size = 1; size < 20; size += 1) {
      const reader = createEventReader();
      const events = [];
      for (let at = 0; at < TEXT.length; at += size) events.push(...reader.take(TEXT.slice(at, at + size)));
      expect(events).toEqual(EVENTS);
    }
  });

  it('keeps an event that was begun until it ends', () => {
    const reader = createEventReader();
    expect(reader.take('data: half')).toEqual([]);
    expect(reader.take(' and half\n')).toEqual([]);
    expect(reader.take('\n')).toEqual([{ event: 'message', id: '', data: 'half and half' }]);
  });
});
