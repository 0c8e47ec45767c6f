import { Alert, Button, Group, Modal, Stack, Textarea, TextInput } from "@mantine/core";
import { useState } from "react";
import { useTranslation } from "react-i18next";

import { useErrorText } from "@/hooks/useErrorText";
import { useKeptText } from "@/hooks/useKeptText";

import { DurationInput } from "./DurationInput";
import { useContest } from "./requests";

/** The day in question and what was counted for it; without a day, one that is missing. */
export interface Contested {
  day: string | null;
  seconds: number;
}

interface Props {
  slug: string;
  contested: Contested | null;
  /** The last day that can be named. */
  latest: string;
  onClose: () => void;
}

export function ContestDialog({ slug, contested, latest, onClose }: Props) {
  const { t } = useTranslation();
  return (
    <Modal opened={contested !== null} onClose={onClose} title={t("time.contestTitle")}>
      {contested !== null && (
        <ContestForm slug={slug} contested={contested} latest={latest} onClose={onClose} />
      )}
    </Modal>
  );
}

function ContestForm({ slug, contested, latest, onClose }: Props & { contested: Contested }) {
  const { t } = useTranslation();
  const errorText = useErrorText();
  const contesting = useContest(slug);
  const [day, setDay] = useState(contested.day ?? latest);
  const [seconds, setSeconds] = useState(contested.seconds);
  const [text, setText, forgetText] = useKeptText(`contest.${slug}`);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        contesting.mutate(
          { day, claimed_seconds: seconds, text },
          {
            onSuccess: () => {
              forgetText();
              onClose();
            },
          },
        );
      }}
    >
      <Stack>
        <TextInput
          type="date"
          label={t("time.day")}
          max={latest}
          value={day}
          readOnly={contested.day !== null}
          onChange={(event) => setDay(event.currentTarget.value)}
        />
        <DurationInput
          hoursLabel={t("time.hoursWorked")}
          minutesLabel={t("time.minutesWorked")}
          seconds={seconds}
          onChange={setSeconds}
        />
        <Textarea
          label={t("time.why")}
          autosize
          minRows={2}
          dir="auto"
          value={text}
          onChange={(event) => setText(event.currentTarget.value)}
        />
        {contesting.isError && (
          <Alert color="red" role="alert">
            {errorText(contesting.error)}
          </Alert>
        )}
        <Group justify="flex-end">
          <Button variant="subtle" color="gray" onClick={onClose}>
            {t("common.cancel")}
          </Button>
          <Button
            type="submit"
            disabled={text.trim() === "" || day === ""}
            loading={contesting.isPending}
          >
            {t("time.send")}
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
