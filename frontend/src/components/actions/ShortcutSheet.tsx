import { Modal, Stack, Switch, Text, Title } from "@mantine/core";
import { useTranslation } from "react-i18next";

import { useActionGroups, useCharacterKeys } from "./ActionProvider";
import { Keycaps } from "./Keycaps";
import classes from "./ShortcutSheet.module.css";

interface Props {
  opened: boolean;
  onClose: () => void;
}

/** Every key that works on the page behind it. */
export function ShortcutSheet({ opened, onClose }: Props) {
  const { t } = useTranslation();
  const groups = useActionGroups();
  const [characterKeys, setCharacterKeys] = useCharacterKeys();
  return (
    <Modal opened={opened} onClose={onClose} title={t("actions.sheetTitle")} size="lg">
      <Stack gap="lg">
        {[...groups].reverse().map((group) => (
          <section key={group.title}>
            <Title order={3} className={classes.heading}>
              {group.title}
            </Title>
            <dl className={classes.list}>
              {group.actions
                .filter((action) => action.keys.length > 0)
                .map((action) => (
                  <div key={action.id} className={classes.row}>
                    <dt>{t(action.label)}</dt>
                    <dd>
                      {action.keys.map((keys) => (
                        <Keycaps key={keys} shortcut={keys} />
                      ))}
                    </dd>
                  </div>
                ))}
            </dl>
          </section>
        ))}
        <Switch
          checked={characterKeys}
          onChange={(event) => setCharacterKeys(event.currentTarget.checked)}
          label={t("actions.characterKeys")}
          description={t("actions.characterKeysHint")}
        />
        <Text size="xs" c="dimmed">
          {t("actions.typingHint")}
        </Text>
      </Stack>
    </Modal>
  );
}
