import { Alert, Button, PasswordInput, Stack, TextInput, Title } from "@mantine/core";
import { useState, type SyntheticEvent } from "react";
import { useTranslation } from "react-i18next";
import { Navigate, useNavigate, useSearchParams } from "react-router";

import { PageLoading } from "@/components/PageLoading";
import { useErrorText } from "@/hooks/useErrorText";
import { usePageTitle } from "@/hooks/usePageTitle";
import { useSession, useSignIn } from "@/hooks/useSession";

import classes from "./account.module.css";

/** Only addresses of this app, so that a crafted link cannot lead a signed-in person elsewhere. */
export function safeNext(next: string | null): string {
  if (next === null || !next.startsWith("/")) return "/";
  // As a browser reads it, which leaves out a tab or a line break and takes \ for /.
  const { origin } = window.location;
  return URL.parse(next, origin)?.origin === origin ? next : "/";
}

export function SignInPage() {
  const { t } = useTranslation();
  usePageTitle(t("account.signInTitle"));
  const navigate = useNavigate();
  const [search] = useSearchParams();
  const next = safeNext(search.get("next"));
  const session = useSession();
  const signIn = useSignIn();
  const errorText = useErrorText();
  const [username, setUsername] = useState("");
  const [password, setPassword] = useState("");

  if (session.isPending) return <PageLoading />;
  if (session.data) return <Navigate to={next} replace />;

  const submit = (event: SyntheticEvent) => {
    event.preventDefault();
    signIn.mutate(
      { username, password },
      { onSuccess: () => void navigate(next, { replace: true }) },
    );
  };
  return (
    <main className={classes.page}>
      <form onSubmit={submit} className={classes.card}>
        <p className={classes.brand}>{t("app.name")}</p>
        <Title order={1} className={classes.title}>
          {t("account.signInTitle")}
        </Title>
        <Stack gap="md" mt="lg">
          {signIn.isError && (
            <Alert color="red" role="alert" variant="light">
              {errorText(signIn.error)}
            </Alert>
          )}
          <TextInput
            label={t("account.username")}
            autoComplete="username"
            autoCapitalize="none"
            required
            data-autofocus
            value={username}
            onChange={(event) => setUsername(event.currentTarget.value)}
          />
          <PasswordInput
            label={t("account.password")}
            autoComplete="current-password"
            required
            value={password}
            onChange={(event) => setPassword(event.currentTarget.value)}
            visibilityToggleButtonProps={{ "aria-label": t("account.showPassword") }}
          />
          <Button type="submit" loading={signIn.isPending} size="md">
            {t("account.signIn")}
          </Button>
        </Stack>
      </form>
    </main>
  );
}
