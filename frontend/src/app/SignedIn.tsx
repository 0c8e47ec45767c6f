import { useQueryClient } from "@tanstack/react-query";
import { useEffect } from "react";
import { Navigate, useLocation } from "react-router";

import { isSignedOut } from "@/api/errors";
import { ErrorPanel } from "@/components/ErrorPanel";
import { PageLoading } from "@/components/PageLoading";
import { sessionQuery, useSession } from "@/hooks/useSession";

import { Shell } from "./Shell";

/** Lets signed-in people with consent through, and leads the others where they have to go first. */
export function SignedIn() {
  const session = useSession();
  const location = useLocation();
  useSignOutWhenRefused();
  const next = encodeURIComponent(location.pathname + location.search);
  if (session.isPending) return <PageLoading />;
  if (session.isLoadingError) {
    return (
      <main>
        <ErrorPanel error={session.error} onRetry={() => void session.refetch()} />
      </main>
    );
  }
  if (session.data === null) return <Navigate to={`/sign-in?next=${next}`} replace />;
  const { consent } = session.data;
  if (consent.version !== null && !consent.given) {
    return <Navigate to={`/consent?next=${next}`} replace />;
  }
  return <Shell me={session.data} />;
}

/** A session can end on the server; the first refused request then leads back to the sign-in page. */
function useSignOutWhenRefused(): void {
  const cache = useQueryClient();
  useEffect(() => {
    const check = (error: unknown) => {
      if (isSignedOut(error)) cache.setQueryData(sessionQuery.queryKey, null);
    };
    const stops = [
      cache.getQueryCache().subscribe(({ query }) => check(query.state.error)),
      cache.getMutationCache().subscribe(({ mutation }) => check(mutation?.state.error)),
    ];
    return () => stops.forEach((stop) => stop());
  }, [cache]);
}
