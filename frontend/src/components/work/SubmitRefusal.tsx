import { Alert, Button, Group } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { ApiError, hasCode } from "@/api/errors";
import { focusTurn } from "@/components/thread/moveTurn";

interface Props {
  error: Error | null;
  busy: boolean;
  /** Hands the same work in again, the warning read. */
  onConfirm: () => void;
}

interface Fault {
  turn: number;
  sentence: string;
}

const faultsOf = (error: ApiError): Fault[] =>
  Object.entries(error.fields).flatMap(([field, sentences]) => {
    const place = /^turns\.(\d+)$/.exec(field)?.[1];
    return place === undefined
      ? []
      : sentences.map((sentence) => ({ turn: Number(place), sentence }));
  });

/** What the server found in single turns, each with the way to its turn. */
export function SubmitRefusal({ error, busy, onConfirm }: Props) {
  const { t } = useTranslation();
  if (!(error instanceof ApiError)) return null;
  const faults = faultsOf(error);
  if (faults.length === 0) return null;
  const personal = hasCode(error, "personal_data_found");
  return (
    <Alert color="orange" variant="light" role="alert" my="md" title={error.message}>
      <ul>
        {faults.map(({ turn, sentence }) => (
          <li key={`${turn} ${sentence}`}>
            <Button variant="transparent" size="compact-sm" onClick={() => focusTurn(turn)}>
              {t("thread.turnComment", { n: turn + 1 })}
            </Button>
            <span dir="auto">{sentence}</span>
          </li>
        ))}
      </ul>
      {personal && (
        <Group mt="sm">
          <Button variant="default" loading={busy} onClick={onConfirm}>
            {t("work.personalDataIsFine")}
          </Button>
        </Group>
      )}
    </Alert>
  );
}
