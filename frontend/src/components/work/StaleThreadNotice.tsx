import { Alert, Button, Group } from "@mantine/core";
import { useTranslation } from "react-i18next";

interface Props {
  /** The person only reads here, and goes on elsewhere. */
  readOnly: boolean;
  onReadOnly: () => void;
  onLoad: () => void;
}

/** Another tab or device went on with this conversation: go on here with its version, or only read. */
export function StaleThreadNotice({ readOnly, onReadOnly, onLoad }: Props) {
  const { t } = useTranslation();
  return (
    <Alert color="orange" role="alert" title={t("work.conflictTitle")} my="md">
      {t(readOnly ? "work.readOnly" : "work.staleThread")}
      <Group mt="sm">
        <Button variant="default" onClick={onLoad}>
          {t("work.continueHere")}
        </Button>
        {!readOnly && (
          <Button variant="default" onClick={onReadOnly}>
            {t("work.onlyRead")}
          </Button>
        )}
      </Group>
    </Alert>
  );
}
