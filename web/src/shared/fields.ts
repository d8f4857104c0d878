// The plain fields that forms are made of, of cases and of reports alike.

export type PlainField =
  | { kind: 'text'; name: string; label: string; required?: boolean; hint?: string }
  | { kind: 'choice'; name: string; label: string; yes: string; no: string }
  | { kind: 'options'; name: string; label: string; table: string; codes: readonly string[]; required?: boolean }
  | { kind: 'when'; name: string; label: string; required?: boolean }
  | { kind: 'score'; name: string; label: string }
  | { kind: 'organisation'; name: string; label: string; below?: boolean }
  | { kind: 'person'; name: string; label: string }
  | { kind: 'case'; name: string; label: string };

export type Answers = Record<string, unknown>;

const isBlank = (value: unknown): boolean => typeof value !== 'string' || value.trim() === '';

/** What of these fields is still missing, by name. */
export function missingOf(fields: readonly { kind: string }[], answers: Answers): Set<string> {
  const wrong = new Set<string>();
  for (const each of fields) {
    const field = each as PlainField;
    switch (field.kind) {
      case 'text': case 'when': case 'options':
        if (field.required === true && isBlank(answers[field.name])) wrong.add(field.name);
        break;
      case 'choice':
        if (typeof answers[field.name] !== 'boolean') wrong.add(field.name);
        break;
      case 'score':
        if (typeof answers[field.name] !== 'number') wrong.add(field.name);
        break;
      case 'organisation': case 'person': case 'case':
        if (isBlank(answers[field.name])) wrong.add(field.name);
        break;
      default:
    }
  }
  return wrong;
}

/** What was filled in, as it is sent: trimmed, without what was left blank, times with the city's offset. */
export function filledIn(fields: readonly { kind: string }[], answers: Answers): Record<string, unknown> {
  const times = new Set(fields.flatMap((field) => (field.kind === 'when' && 'name' in field ? [String(field.name)] : [])));
  const input: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(answers)) {
    if (value === null || value === undefined) continue;
    if ((typeof value === 'string' && value.trim() === '') || (Array.isArray(value) && value.length === 0)) continue;
    input[name] = times.has(name) ? `${String(value)}:00+08:00` : typeof value === 'string' ? value.trim() : value;
  }
  return input;
}
