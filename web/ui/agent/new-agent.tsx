/** A new agent: which hub, which branch, which program, what it is to do; then how it goes. */
import { useEffect, useId, useRef, useState } from 'preact/hooks';
import type { ProgressData } from '../../../protocol/agents.js';
import type { Hub } from '../../link/types.js';
import { Failure } from '../failure.js';
import { useHubList } from '../hubs-context.js';
import { Missing } from '../missing.js';
import { tell } from '../notices.js';
import { PageHead } from '../page-head.js';
import { go } from '../route.js';
import { useObservable, useObservables } from '../use-observable.js';
import { AgentKinds } from './agent-kinds.js';
import { branchProblem } from './branch-name.js';
import { Progress } from './progress.js';

export function NewAgent({ address }: { readonly address: string | undefined }) {
  const hubs = useHubList();
  useObservables(hubs.flatMap(({ device, state }) => [device, state]));
  const able = hubs.filter(({ device }) => !device.value.view_only);
  const [chosen, setChosen] = useState(address);
  const hub = able.find((one) => one.address === chosen) ?? able[0];
  if (hub === undefined)
    return <Missing what="This device may look, and nothing else: it cannot start agents." />;
  return (
    <div class="page">
      <PageHead title="New agent" />
      <div class="page-body">
        {able.length > 1 && <HubField hubs={able} hub={hub} onChoose={setChosen} />}
        <NewAgentForm key={hub.address} hub={hub} />
      </div>
    </div>
  );
}

function HubField({
  hubs,
  hub,
  onChoose,
}: {
  readonly hubs: readonly Hub[];
  readonly hub: Hub;
  readonly onChoose: (address: string) => void;
}) {
  const id = useId();
  return (
    <div class="field">
      <label class="field-label" for={id}>
        Repository
      </label>
      <select id={id} value={hub.address} onChange={({ currentTarget }) => onChoose(currentTarget.value)}>
        {hubs.map((one) => (
          <option key={one.address} value={one.address}>
            {one.name.value}
            {one.state.value.kind === 'online' ? '' : ` (${one.state.value.kind})`}
          </option>
        ))}
      </select>
    </div>
  );
}

function NewAgentForm({ hub }: { readonly hub: Hub }) {
  const { kind } = useObservable(hub.state);
  const [branch, setBranch] = useState('');
  const [agent, setAgent] = useState<string>();
  const [prompt, setPrompt] = useState('');
  const [from, setFrom] = useState('');
  const [inPlace, setInPlace] = useState(false);
  const [progress, setProgress] = useState<readonly ProgressData[]>();
  const [error, setError] = useState<unknown>();
  const ids = { branch: useId(), prompt: useId(), from: useId(), problem: useId(), place: useId() };
  const first = useRef<HTMLInputElement>(null);
  const wanted = branch.trim();
  const problem = inPlace || wanted === '' ? undefined : branchProblem(wanted);
  const busy = progress !== undefined && error === undefined;
  const ready = !busy && kind === 'online' && (inPlace || (wanted !== '' && problem === undefined));

  useEffect(() => {
    if (matchMedia('(pointer: fine)').matches) first.current?.focus();
  }, []);

  const start = async (): Promise<void> => {
    setError(undefined);
    setProgress([]);
    try {
      const made = await hub.request(
        'agent.new',
        {
          ...(inPlace ? { in_place: true } : { branch: wanted }),
          ...(agent === undefined ? {} : { agent }),
          ...(prompt.trim() === '' ? {} : { prompt: prompt.trim() }),
          ...(inPlace || from.trim() === '' ? {} : { from: from.trim() }),
        },
        (step) => setProgress((before = []) => [...before.filter(({ stage }) => stage !== step.stage), step]),
      );
      for (const warning of made.warnings) tell(warning, { bad: true });
      go({ at: 'session', hub: hub.address, uuid: made.session_uuid }, { replace: true });
    } catch (thrown) {
      setError(thrown);
    }
  };

  return (
    <form
      class="form"
      onSubmit={(event) => {
        event.preventDefault();
        if (ready) void start();
      }}
    >
      <fieldset class="plain" disabled={busy}>
        <div class="field">
          <label class="field-label" for={ids.branch}>
            Branch
          </label>
          <input
            ref={first}
            id={ids.branch}
            class="mono"
            value={inPlace ? '' : branch}
            disabled={inPlace}
            placeholder={inPlace ? 'whatever the main checkout has' : 'feature/login'}
            autocomplete="off"
            autocapitalize="off"
            autocorrect="off"
            spellcheck={false}
            aria-invalid={problem !== undefined}
            aria-describedby={ids.problem}
            onInput={({ currentTarget }) => setBranch(currentTarget.value)}
          />
          <span id={ids.problem} class={problem === undefined ? 'field-hint' : 'field-problem'}>
            {problem ?? 'A new one is made, with a worktree of its own. One that is there is used.'}
          </span>
        </div>
        <AgentKinds hub={hub} chosen={agent} onChoose={setAgent} />
        <div class="field">
          <label class="field-label" for={ids.prompt}>
            What it is to do <span class="optional">optional</span>
          </label>
          <textarea
            id={ids.prompt}
            rows={4}
            value={prompt}
            placeholder="Add a login form with tests"
            onInput={({ currentTarget }) => setPrompt(currentTarget.value)}
            onKeyDown={(event) => {
              if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && ready) void start();
            }}
          />
        </div>
        <details class="more-options">
          <summary>Options</summary>
          <div class="field">
            <label class="field-label" for={ids.from}>
              Begin the branch at
            </label>
            <input
              id={ids.from}
              class="mono"
              value={from}
              disabled={inPlace}
              placeholder="HEAD of the main checkout"
              autocomplete="off"
              autocapitalize="off"
              spellcheck={false}
              onInput={({ currentTarget }) => setFrom(currentTarget.value)}
            />
          </div>
          <label class="check" for={ids.place}>
            <input
              id={ids.place}
              type="checkbox"
              checked={inPlace}
              onChange={({ currentTarget }) => setInPlace(currentTarget.checked)}
            />
            <span>
              In the main checkout
              <span class="field-hint">No branch and no worktree: it works where you do.</span>
            </span>
          </label>
        </details>
      </fieldset>
      {progress !== undefined && <Progress steps={progress} over={error !== undefined} />}
      {error !== undefined && <Failure of={error} />}
      {kind !== 'online' && <p class="form-note">The hub is not connected. It can be started when it is.</p>}
      <div class="form-end">
        <button type="submit" class="button button-primary" disabled={!ready}>
          {busy ? 'Starting…' : error === undefined ? 'Start agent' : 'Try again'}
        </button>
      </div>
    </form>
  );
}
