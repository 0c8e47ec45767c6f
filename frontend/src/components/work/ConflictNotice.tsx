import { Alert, Button, Group } from "@mantine/core";
import { useTranslation } from "react-i18next";

interface Props {
  onKeepMine: () => void;
  onTakeTheirs: () => void;
}

/** Another tab saved something else meanwhile; neither text is lost until the person has chosen. */
export function ConflictNotice({ onKeepMine, onTakeTheirs }: Props) {
  const { t } = useTranslation();
  return (
    <Alert color="orange" role="alert" title={t("work.conflictTitle")} mb="md">
      {t("work.conflict")}
      <Group mt="sm">
        <Button variant="default" onClick={onKeepMine}>
          {t("work.keepMine")}
        </Button>
        <Button variant="default" onClick={onTakeTheirs}>
          {t("work.takeTheirs")}
        </Button>
      </Group>
    </Alert>
  );
}
