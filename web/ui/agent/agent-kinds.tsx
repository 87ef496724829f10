/** Which program: the hub's kinds of agents, those that are not installed among them and marked. */
import { useEffect, useId, useState } from 'preact/hooks';
import type { Hub, ValueOf } from '../../link/types.js';
import { Failure } from '../failure.js';
import { useObservable } from '../use-observable.js';

type Definition = ValueOf<'agent.definitions'>['definitions'][number];

interface AgentKindsProps {
  readonly hub: Hub;
  /** Undefined: the hub's default. */
  readonly chosen: string | undefined;
  readonly onChoose: (name: string | undefined) => void;
}

export function AgentKinds({ hub, chosen, onChoose }: AgentKindsProps) {
  const { kind } = useObservable(hub.state);
  const [definitions, setDefinitions] = useState<readonly Definition[]>();
  const [error, setError] = useState<unknown>();
  const group = useId();
  useEffect(() => {
    if (kind !== 'online' || definitions !== undefined) return;
    let current = true;
    hub.request('agent.definitions', {}).then(
      (answer) => {
        if (!current) return;
        setDefinitions([...answer.definitions].sort((a, b) => Number(usable(b)) - Number(usable(a))));
        setError(undefined);
        const first = answer.definitions.find(usable);
        if (chosen === undefined && first !== undefined) onChoose(first.name);
      },
      (thrown: unknown) => current && setError(thrown),
    );
    return () => {
      current = false;
    };
  }, [hub, kind]);

  if (error !== undefined) return <Failure of={error} />;
  return (
    <fieldset class="kinds" aria-busy={definitions === undefined}>
      <legend class="field-label">Agent</legend>
      <div class="kinds-grid">
        {definitions === undefined &&
          [1, 2, 3].map((count) => <span key={count} class="kind kind-loading" />)}
        {definitions?.map((one) => (
          <label key={one.name} class={usable(one) ? 'kind' : 'kind kind-missing'}>
            <input
              type="radio"
              name={group}
              value={one.name}
              checked={chosen === one.name}
              disabled={!usable(one)}
              onChange={() => onChoose(one.name)}
            />
            <span class="kind-name">{one.name}</span>
            <span class="kind-about">{about(one)}</span>
          </label>
        ))}
      </div>
    </fieldset>
  );
}

function usable({ installed, error }: Definition): boolean {
  return installed && error === undefined;
}

function about({ installed, error, description, cmd }: Definition): string {
  if (error !== undefined) return error;
  return installed ? description : `${cmd} is not installed`;
}
