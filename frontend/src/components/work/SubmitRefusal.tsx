import { Alert, Button, Group } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { ApiError, hasCode } from "@/api/errors";
import { focusTurn } from "@/components/thread/moveTurn";

interface Props {
  error: Error | null;
  busy: boolean;
  /** Hands the same work in again, the warning read. */
  onConfirm: () => void;
  /** What that is called, where it is not handing in. */
  confirm?: string;
}

interface Fault {
  /** Null in a text that is no turn. */
  turn: number | null;
  sentence: string;
}

const faultsOf = (error: ApiError, personal: boolean): Fault[] =>
  Object.entries(error.fields).flatMap(([field, sentences]) => {
    const place = /^turns\.(\d+)$/.exec(field)?.[1];
    return place === undefined && !personal
      ? []
      : sentences.map((sentence) => ({
          turn: place === undefined ? null : Number(place),
          sentence,
        }));
  });

/** What the server found in single turns, each with the way to its turn, or in another text. */
export function SubmitRefusal({ error, busy, onConfirm, confirm }: Props) {
  const { t } = useTranslation();
  if (!(error instanceof ApiError)) return null;
  const personal = hasCode(error, "personal_data_found");
  const faults = faultsOf(error, personal);
  if (faults.length === 0) return null;
  return (
    <Alert color="orange" variant="light" role="alert" my="md" title={error.message}>
      <ul>
        {faults.map(({ turn, sentence }) => (
          <li key={`${turn} ${sentence}`}>
            {turn !== null && (
              <Button variant="transparent" size="compact-sm" onClick={() => focusTurn(turn)}>
                {t("thread.turnComment", { n: turn + 1 })}
              </Button>
            )}
            <span dir="auto">{sentence}</span>
          </li>
        ))}
      </ul>
      {personal && (
        <Group mt="sm">
          <Button variant="default" loading={busy} onClick={onConfirm}>
            {confirm ?? t("work.personalDataIsFine")}
          </Button>
        </Group>
      )}
    </Alert>
  );
}
