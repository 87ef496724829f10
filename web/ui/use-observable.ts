/** An Observable as a component's state: the component renders again when the value changes. */
import { useLayoutEffect, useReducer } from 'preact/hooks';
import type { Observable } from '../link/types.js';

export function useObservable<T>(observable: Observable<T>): T {
  const [, turn] = useReducer((count: number, _: undefined) => count + 1, 0);
  const shown = observable.value;
  useLayoutEffect(() => {
    // It may have changed between this render and now; not later, so that no change is missed.
    if (observable.value !== shown) turn(undefined);
    return observable.subscribe(() => turn(undefined));
  }, [observable]);
  return shown;
}

/** The same for several at once, whatever their number. */
export function useObservables(observables: readonly Observable<unknown>[]): void {
  const [, turn] = useReducer((count: number, _: undefined) => count + 1, 0);
  useLayoutEffect(() => {
    const ends = observables.map((one) => one.subscribe(() => turn(undefined)));
    turn(undefined);
    return () => {
      for (const end of ends) end();
    };
  }, observables);
}
