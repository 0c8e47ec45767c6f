import { Avatar, Menu, UnstyledButton, useMantineColorScheme } from "@mantine/core";
import { useTranslation } from "react-i18next";
import { useNavigate } from "react-router";

import type { Me } from "@/api/types";
import { useCharacterKeys } from "@/components/actions";
import { useSignOut } from "@/hooks/useSession";

import classes from "./MeMenu.module.css";

interface Props {
  me: Me;
}

const SCHEMES = ["light", "dark", "auto"] as const;

/** "Amira (trainer)" is A, not A(. */
const initialsFrom = (name: string): string => name.replace(/\(.*?\)/g, "").trim() || name;

/** Who I am, how the page looks, which keys work, and the way out. */
export function MeMenu({ me }: Props) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const signOut = useSignOut();
  const { colorScheme, setColorScheme } = useMantineColorScheme();
  const [characterKeys, setCharacterKeys] = useCharacterKeys();
  const name = me.display_name || me.username;
  return (
    <Menu position="bottom-end" closeOnItemClick={false}>
      <Menu.Target>
        <UnstyledButton aria-label={t("app.meMenu", { name })} className={classes.target}>
          <Avatar size={28} name={initialsFrom(name)} color="accent" alt="" />
        </UnstyledButton>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label dir="auto">{name}</Menu.Label>
        <Menu.Divider />
        <Menu.Label>{t("app.appearance")}</Menu.Label>
        {SCHEMES.map((scheme) => (
          <Menu.RadioItem
            key={scheme}
            value={scheme}
            checked={colorScheme === scheme}
            onChange={() => setColorScheme(scheme)}
          >
            {t(`app.schemes.${scheme}`)}
          </Menu.RadioItem>
        ))}
        <Menu.Divider />
        <Menu.CheckboxItem checked={characterKeys} onChange={setCharacterKeys}>
          {t("actions.characterKeys")}
        </Menu.CheckboxItem>
        {me.is_admin && (
          <Menu.Item component="a" href="/admin/">
            {t("app.administration")}
          </Menu.Item>
        )}
        <Menu.Divider />
        <Menu.Item
          onClick={() => {
            signOut.mutate(undefined, { onSuccess: () => void navigate("/sign-in") });
          }}
        >
          {t("app.signOut")}
        </Menu.Item>
      </Menu.Dropdown>
    </Menu>
  );
}
