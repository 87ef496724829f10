/** The steps of something that takes a while, the last one with how far it is. */
import { useEffect, useRef } from 'preact/hooks';
import type { ProgressData } from '../../../protocol/agents.js';
import { Icon } from '../icon.js';

const words: Readonly<Record<string, string>> = {
  worktree: 'Worktree',
  files: 'Files',
  spawn: 'Program',
  accessories: 'Accessories',
};

const count = new Intl.NumberFormat('en');

export function Progress({
  steps,
  over,
}: {
  readonly steps: readonly ProgressData[];
  readonly over: boolean;
}) {
  const last = steps.length - 1;
  const list = useRef<HTMLOListElement>(null);
  // On a phone it is below what can be seen.
  useEffect(() => list.current?.scrollIntoView({ block: 'nearest' }), [steps.length, over]);
  return (
    <ol ref={list} class="progress" aria-label="Progress">
      {steps.length === 0 && (
        <li class="step step-now">
          <span class="spinner" aria-hidden="true" />
          Asking the hub…
        </li>
      )}
      {steps.map((step, index) => {
        const now = index === last;
        const mark = now ? (
          over ? (
            <Icon name="close" />
          ) : (
            <span class="spinner" aria-hidden="true" />
          )
        ) : (
          <Icon name="check" />
        );
        return (
          <li key={step.stage} class={now ? (over ? 'step step-failed' : 'step step-now') : 'step'}>
            {mark}
            <span class="step-name">{nameOf(step.stage)}</span>
            {step.text !== undefined && <span class="step-text">{step.text}</span>}
            {now && !over && <Bar step={step} />}
          </li>
        );
      })}
    </ol>
  );
}

function Bar({ step: { percent, done, total, stage } }: { readonly step: ProgressData }) {
  const part = percent ?? (done !== undefined && total ? (100 * done) / total : undefined);
  if (part === undefined) return null;
  return (
    <span class="step-bar">
      <progress max={100} value={part} aria-label={nameOf(stage)} />
      <span class="step-count">
        {done !== undefined && total !== undefined
          ? `${count.format(done)} of ${count.format(total)}`
          : `${Math.round(part)} %`}
      </span>
    </span>
  );
}

function nameOf(stage: string): string {
  const known = words[stage];
  if (known !== undefined) return known;
  const text = stage.replaceAll('_', ' ');
  return text.charAt(0).toUpperCase() + text.slice(1);
}
