-- Average selling price of a seller's last auctions: 10 before the one at hand, as published. Equal times in the order of ids,
-- so that there is one answer. Flink's SQL can't run it.
SELECT Q.seller, AVG(Q.final) OVER (
  PARTITION BY Q.seller ORDER BY Q.dateTime, Q.id ROWS BETWEEN 10 PRECEDING AND CURRENT ROW) AS average
FROM (
  SELECT id, seller, price AS final, bidTime AS dateTime
  FROM (
    SELECT A.id, A.seller, B.price, B.dateTime AS bidTime,
      ROW_NUMBER() OVER (PARTITION BY A.id, A.seller ORDER BY B.price DESC, B.dateTime ASC) AS rownum
    FROM auction AS A, bid AS B
    WHERE A.id = B.auction AND B.dateTime BETWEEN A.dateTime AND A.expires
  ) AS ranked
  WHERE rownum <= 1
) AS Q
