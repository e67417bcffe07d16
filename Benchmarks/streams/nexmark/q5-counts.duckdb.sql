SELECT auction, COUNT(*) AS num, w AS window_start, w + INTERVAL 10 SECOND AS window_end
FROM (SELECT auction, time_bucket(INTERVAL 2 SECOND, dateTime) - INTERVAL 2 SECOND * unnest(range(5)) AS w FROM bid)
GROUP BY auction, w
