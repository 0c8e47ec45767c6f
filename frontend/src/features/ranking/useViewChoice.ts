import { useLocalStorage } from "@mantine/hooks";

/** A way of looking at rankings that this browser remembers. */
export function useViewChoice(name: "lengths" | "sync", defaultValue: boolean) {
  return useLocalStorage({
    key: `labelhub.ranking.${name}`,
    defaultValue,
    getInitialValueInEffect: false,
  });
}
