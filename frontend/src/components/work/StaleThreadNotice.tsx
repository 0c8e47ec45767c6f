import { Alert, Button, Group } from "@mantine/core";
import { useTranslation } from "react-i18next";

interface Props {
  onLoad: () => void;
}

/** Another tab or device went on with this conversation: take its version here, or leave it there. */
export function StaleThreadNotice({ onLoad }: Props) {
  const { t } = useTranslation();
  return (
    <Alert color="orange" role="alert" title={t("work.conflictTitle")} my="md">
      {t("work.staleThread")}
      <Group mt="sm">
        <Button variant="default" onClick={onLoad}>
          {t("work.continueHere")}
        </Button>
      </Group>
    </Alert>
  );
}
