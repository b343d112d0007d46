/** Fills a strftime format with a moment (milliseconds since 1970), with Envoy's additions `%f`, `%3f` and absl's `%E…`. Envoy's own form without one. */
export function formatTime(format: string, ms: number, isLocal: boolean): string {
  if (format === '') return isLocal ? isoLocal(ms) : isoTime(ms);
  const fields = fieldsAt(ms, isLocal);
  return format.replace(
    /%E(\d*)([Ssf])|%E\*S|%(\d)?f|%([%a-zA-Z])/g,
    (whole, width?: string, kind?: string, digits?: string, letter?: string) => {
      if (whole === '%E*S') return `${fields.S}.${fraction(ms, 3).replace(/0+$/, '')}`.replace(/\.$/, '');
      if (kind === 'S') return width === '' || width === undefined ? fields.S : `${fields.S}.${fraction(ms, Number(width))}`;
      if (kind === 'f') return fraction(ms, Number(width || 9));
      if (kind === 's') return fields.s;
      if (letter === undefined) return fraction(ms, digits === undefined ? 9 : Number(digits));
      return letterText(letter, fields) ?? whole;
    },
  );
}

let formattedSecond = -1;
let formattedText = '';

/** ISO 8601 with milliseconds; all but those is the same for a whole second. */
function isoTime(ms: number): string {
  const second = Math.floor(ms / 1000);
  if (second !== formattedSecond) {
    formattedSecond = second;
    formattedText = new Date(second * 1000).toISOString().slice(0, -4);
  }
  const rest = Math.floor(ms - second * 1000);
  return `${formattedText}${rest < 10 ? '00' : rest < 100 ? '0' : ''}${rest}Z`;
}

const days = ['Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'];
const months = ['January', 'February', 'March', 'April', 'May', 'June', 'July', 'August', 'September', 'October', 'November', 'December'];

interface Fields {
  readonly date: Date;
  readonly Y: string;
  readonly m: string;
  readonly d: string;
  readonly H: string;
  readonly M: string;
  readonly S: string;
  readonly s: string;
  readonly z: string;
}

/** The date is shifted so that its UTC fields are the wanted ones. */
function fieldsAt(ms: number, isLocal: boolean): Fields {
  const offset = isLocal ? -new Date(ms).getTimezoneOffset() : 0;
  const date = new Date(ms + offset * 60_000);
  const two = (value: number): string => String(value).padStart(2, '0');
  const minutes = Math.abs(offset);
  return {
    date,
    Y: String(date.getUTCFullYear()),
    m: two(date.getUTCMonth() + 1),
    d: two(date.getUTCDate()),
    H: two(date.getUTCHours()),
    M: two(date.getUTCMinutes()),
    S: two(date.getUTCSeconds()),
    s: String(Math.floor(ms / 1000)),
    z: `${offset < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}${two(minutes % 60)}`,
  };
}

function letterText(letter: string, fields: Fields): string | null {
  const { date, Y, m, d, H, M, S, s, z } = fields;
  const hour = date.getUTCHours();
  const texts: Readonly<Record<string, string>> = {
    '%': '%',
    Y,
    m,
    d,
    H,
    M,
    S,
    s,
    z,
    y: Y.slice(-2),
    e: String(date.getUTCDate()).padStart(2),
    I: String(hour % 12 === 0 ? 12 : hour % 12).padStart(2, '0'),
    p: hour < 12 ? 'AM' : 'PM',
    a: (days[date.getUTCDay()] ?? '').slice(0, 3),
    A: days[date.getUTCDay()] ?? '',
    b: (months[date.getUTCMonth()] ?? '').slice(0, 3),
    B: months[date.getUTCMonth()] ?? '',
    h: (months[date.getUTCMonth()] ?? '').slice(0, 3),
    j: String(Math.floor((date.getTime() - Date.UTC(date.getUTCFullYear(), 0, 1)) / 86_400_000) + 1).padStart(3, '0'),
    F: `${Y}-${m}-${d}`,
    T: `${H}:${M}:${S}`,
    R: `${H}:${M}`,
    D: `${m}/${d}/${Y.slice(-2)}`,
    u: String(date.getUTCDay() === 0 ? 7 : date.getUTCDay()),
    w: String(date.getUTCDay()),
    Z: z === '+0000' ? 'UTC' : z,
    n: '\n',
    t: '\t',
  };
  return texts[letter] ?? null;
}

function fraction(ms: number, digits: number): string {
  const nanoseconds = String(Math.floor((ms % 1000) * 1_000_000)).padStart(9, '0');
  return nanoseconds.slice(0, digits).padEnd(digits, '0');
}

function isoLocal(ms: number): string {
  const { Y, m, d, H, M, S, z } = fieldsAt(ms, true);
  return `${Y}-${m}-${d}T${H}:${M}:${S}.${fraction(ms, 3)}${z}`;
}
